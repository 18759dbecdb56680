/** The ticket on whose random network another mask is searched. */
import { basename } from 'node:path'
import { openFile } from '../files/files.js'
import { nodeSha256 } from '../files/sha256.js'
import { InputError } from '../safetensors/index.js'
import { type BaseNetwork, baseNetworkOf } from '../search/base-network.js'
import type { SearchSettings, SettingsChoice } from '../search/settings.js'
import { expectSearched, openTicket } from '../ticket/index.js'

/** @throws InputError for what is no sound ticket, or a pruned one */
export async function openBaseNetwork(path: string): Promise<BaseNetwork> {
  const source = await openFile(path, 'ticket')
  try {
    return baseNetworkOf(expectSearched(await openTicket(source, nodeSha256)), basename(path), nodeSha256)
  } finally {
    await source.close()
  }
}

/** What a run is asked for of its settings. */
interface AskedSettings {
  readonly choice: Partial<SettingsChoice>
  /** Path of the ticket. */
  readonly on?: string | undefined
}

/** The settings that were given, on the network of a ticket where one is named. */
export async function choiceOn({ on, choice }: AskedSettings): Promise<Partial<SettingsChoice>> {
  return on === undefined ? choice : { ...choice, on: await openBaseNetwork(on) }
}

/**
 * A run that goes on has its network in its record: a ticket that is named beside it must be of the same network.
 * @param run the run's folder
 * @throws InputError naming both networks
 */
export async function expectSameBase(run: string, { on: own }: SearchSettings, asked: AskedSettings): Promise<void> {
  const { on } = await choiceOn(asked)
  if (on === undefined || on.network === own?.network) return
  const base = own ? `on the network ${own.network.slice(0, 8)}` : 'on a network of its own'
  throw new InputError(`${run}: is a run ${base}, not on that of ${on.name}, ${on.network.slice(0, 8)}`)
}
