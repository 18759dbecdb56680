import type { OpenedRunner } from '../engine/device.js'
import { chooseArithmetic } from '../search/integer-products.js'
import type { SearchSettings } from '../search/settings.js'

/** The settings with the faster arithmetic, where this machine is to decide, and why it was chosen: notes for the user. */
export async function withArithmetic(
  asked: SearchSettings,
  arithmetic: 'auto' | undefined,
  { runner }: OpenedRunner,
): Promise<{ settings: SearchSettings; notes: string[] }> {
  if (arithmetic === undefined) return { settings: asked, notes: [] }
  const { config, microBatch } = asked
  const { arithmetic: chosen, reason } = await chooseArithmetic(runner, asked, microBatch, config.positions)
  const { arithmetic: _, ...same } = asked
  const settings: SearchSettings = chosen === 'int8' ? { ...same, arithmetic: chosen } : same
  return { settings, notes: [`arithmetic: ${chosen} (${reason})`] }
}
