import * as z from 'zod';
import { readJsonMembers } from './jsonMembers.js';
import { checkRecord, type Importer, idField, textField } from './reading.js';

const playlistSchema = z.object({
  pid: idField,
  name: textField,
  description: textField,
  tracks: z.array(
    z.object({ track_uri: idField, track_name: textField, artist_name: textField, album_name: textField }),
  ),
});

/**
 * Spotify's Million Playlist Dataset (Chen et al., "RecSys Challenge 2018", RecSys 2018): slices of 1,000 playlists
 * each. A track's id is the last part of its URI; a playlist's name is the query.
 */
export const importPlaylists: Importer = async (files, writer, reading) => {
  for (const file of files) {
    for await (const { value, line } of readJsonMembers(file, {
      field: 'playlists',
      ...reading.next(file),
    })) {
      const { pid, name, description, tracks } = checkRecord(playlistSchema, value, { file, line });
      const items = tracks.map(({ track_uri, track_name, artist_name, album_name }) => {
        const id = track_uri.split(':').at(-1)!;
        const by = artist_name === '' ? '' : ` by ${artist_name}`;
        writer.addItem({
          id,
          title: track_name === '' ? '' : track_name + by,
          artist: artist_name || undefined,
          album: album_name || undefined,
        });
        return id;
      });
      writer.addSet({ id: pid, query: name, more: { description: description || undefined }, items });
      await writer.flush();
    }
  }
  return [];
};
