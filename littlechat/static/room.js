// A room's page: each part minds its own business.

import "./place.js";
import "./look.js";
import { toEnd } from "./scroll.js";
import { compose } from "./composer.js";
import "./threads.js";
import "./tools.js";
import "./attach.js";
import "./lightbox.js";
import "./bar.js";
import "./card.js";
import "./reading.js";
import "./complete.js";
import "./directs.js";
import "./editlast.js";
import "./keys.js";
import "./looking.js";

document.documentElement.classList.add("scripted");
compose(document.getElementById("composer"), "", toEnd);
