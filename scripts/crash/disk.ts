export const disk = async (_: object): Promise<readonly string[]> => [];
