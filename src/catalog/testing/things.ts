const COLOURS = ['red', 'blue', 'green', 'black', 'golden'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt'];

/** What a catalog of thirty things would say. */
export const TEXTS = COLOURS.flatMap((colour) => THINGS.map((thing) => `${colour} ${thing}`));
