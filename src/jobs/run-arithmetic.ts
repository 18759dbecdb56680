import type { OpenedRunner } from '../engine/device.js'
import { chooseArithmetic, expectExactIntegers } from '../search/integer-products.js'
import type { SearchSettings } from '../search/settings.js'

/**
 * The settings with the faster arithmetic, where this machine is to decide, and why it was chosen: notes for the user.
 * @throws RangeError where integers are asked for and the device does not multiply them exactly, or where `arithmetic` is not `auto`
 */
export async function withArithmetic(
  asked: SearchSettings,
  arithmetic: 'auto' | undefined,
  { runner }: OpenedRunner,
): Promise<{ settings: SearchSettings; notes: string[] }> {
  if (arithmetic === undefined) {
    if (asked.arithmetic === 'int8') await expectExactIntegers(runner)
    return { settings: asked, notes: [] }
  }
  if (arithmetic !== 'auto') {
    throw new RangeError(`"arithmetic" expected auto or, among the settings, float32 or int8, got ${arithmetic}`)
  }
  const { config, microBatch } = asked
  const { arithmetic: chosen, reason } = await chooseArithmetic(runner, asked, microBatch, config.positions)
  const { arithmetic: _, ...same } = asked
  const settings: SearchSettings = chosen === 'int8' ? { ...same, arithmetic: chosen } : same
  return { settings, notes: [`arithmetic: ${chosen} (${reason})`] }
}
