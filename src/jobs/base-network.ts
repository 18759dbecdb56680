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
    return baseNetworkOf(expectSearched(await openTicket(source, nodeSha256)), basename(path))
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
 * A run that goes on has its network in its record: a ticket that is named beside it must be the run's.
 * @param run the run's folder
 * @throws InputError naming both tickets
 */
export async function expectSameBase(run: string, { on: own }: SearchSettings, asked: AskedSettings): Promise<void> {
  const { on } = await choiceOn(asked)
  if (on === undefined || on.ticket === own?.ticket) return
  const base = own ? `on the ticket ${own.ticket.slice(0, 8)}` : 'on no ticket'
  throw new InputError(`${run}: is a run ${base}, not on ${on.name} (${on.ticket.slice(0, 8)})`)
}
