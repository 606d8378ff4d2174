export const service = async (_: object): Promise<readonly string[]> => [];
