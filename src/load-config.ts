import { type Config, environmentWith, readConfig } from './config.ts'
import { resolveSettings } from './platform/settings/resolve-settings.ts'

/**
 * The settings of this process, references looked up. Called again it reads them anew, which is how keys and passwords
 * change without a restart.
 * @throws ConfigError naming each setting that is wrong
 */
export async function loadConfig (): Promise<Config> {
  return readConfig(await resolveSettings(environmentWith({})))
}
