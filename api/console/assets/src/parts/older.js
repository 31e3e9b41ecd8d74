// What the client's modules use and Chromium before 93 lacks.
for (const Kind of [Array, String, Object.getPrototypeOf(Int8Array)]) {
  if (Kind.prototype.at) continue;
  const at = function (index) {
    return this[index < 0 ? this.length + index : index];
  };
  Object.defineProperty(Kind.prototype, "at", { value: at, writable: true, configurable: true });
}
if (!Object.hasOwn) {
  const hasOwn = (object, name) => Object.prototype.hasOwnProperty.call(object, name);
  Object.defineProperty(Object, "hasOwn", { value: hasOwn, writable: true, configurable: true });
}
