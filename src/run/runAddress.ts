/** Whether a run is named by an address instead of a folder. */
export const isRunAddress = (place: string): boolean => /^https?:\/\//i.test(place);
