// The entry point of a room's page: loads the scripts of all its parts.

import "./rail.js";
import "../messages/message_list.js";
import "../messages/personalise.js";
import { toEnd } from "../messages/scroll.js";
import { compose } from "../messages/composer.js";
import "../messages/threads.js";
import "../messages/message_menu.js";
import "../files/attachments.js";
import "../files/lightbox.js";
import "./room_header_menu.js";
import "../accounts/person_card.js";
import "./read_position.js";
import "../messages/mention_completion.js";
import "../messages/unknown_names.js";
import "./direct_messages.js";
import "../messages/edit_last.js";
import "../layout/shortcuts.js";
import "./report_viewing.js";
import "../messages/announce.js";
import { returnToPlace } from "../messages/place_read.js";
import "../layout/copy.js";

compose(document.getElementById("composer"), "", toEnd);
returnToPlace();
document.documentElement.classList.remove("unready");
