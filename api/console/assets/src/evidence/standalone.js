// The evidence page as one file on a disk: the language stands behind the address's #.
import "./language.js";
import "../evidence.js";
