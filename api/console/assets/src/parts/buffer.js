// The client's modules speak of bytes as Node does; a page's `Buffer` is npm's, and only what uses it carries it.
export { Buffer } from "buffer/";
