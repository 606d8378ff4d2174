import { apiKeyOf } from '../../llm/apiKey.js';
import type { SearchEngineSetting } from './engineSetting.js';
import type { SearchEngine } from './searchEngine.js';

/**
 * Connects to a search engine; paths of the setting are absolute or relative to the current folder.
 *
 * @param secret the password or key, in place of that of the setting's `apiKeyEnv`
 * @throws InputError if a package or the environment variable is missing
 */
export async function connectSearchEngine(
  setting: SearchEngineSetting,
  secret?: string,
): Promise<SearchEngine> {
  if (setting.kind === 'lancedb') return (await import('./lancedb.js')).lanceEngine(setting);
  const token = secret ?? apiKeyOf(setting.apiKeyEnv, 'index.apiKeyEnv');
  switch (setting.kind) {
    case 'pgvector':
      return (await import('./postgres.js')).postgresEngine({ ...setting, password: token });
    case 'milvus':
      return (await import('./milvus.js')).milvusEngine({ ...setting, token });
    case 'opensearch':
      return (await import('./opensearch.js')).openSearchEngine({ ...setting, token });
    case 'qdrant':
      return (await import('./qdrant.js')).qdrantEngine({ ...setting, token });
  }
}
