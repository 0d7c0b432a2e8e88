// A room's page: each part minds its own business.

import "./place.js";
import "./look.js";
import { toEnd } from "./scroll.js";
import { compose } from "./composer.js";
import "./threads.js";
import "./tools.js";

document.documentElement.classList.add("scripted");
compose(document.getElementById("composer"), "", toEnd);
