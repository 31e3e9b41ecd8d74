// Public keys as points, those that verify again and again remembered: a log's own signs every checkpoint of a folder of
// receipts. From the tenth time on a point has a table, as a curve's base point does, which costs as much as that.
const [MOST_KNOWN, OFTEN, WINDOW_BITS] = [16, 10, 8];

/** A function that gives the point of a key's bytes: `decode`'s, which throws where they are none. */
export function remembered(decode) {
  const known = new Map();
  return (raw) => {
    const name = Buffer.from(raw).toString("latin1");
    let one = known.get(name);
    if (!one) {
      one = { point: decode(raw), uses: 0 };
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(name, one);
    }
    one.uses += 1;
    if (one.uses === OFTEN) one.point._setWindowSize(WINDOW_BITS);
    return one.point;
  };
}
