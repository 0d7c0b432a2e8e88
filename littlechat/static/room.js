// A room's page: each part minds its own business.

import "./place.js";
import "./look.js";
import "./scroll.js";
import "./composer.js";
import "./tools.js";
import "./card.js";
