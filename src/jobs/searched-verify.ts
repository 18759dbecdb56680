import { probeLogits } from '../engine/probed-ticket.js'
import { rebuildTicket } from '../engine/rebuild-ticket.js'
import type { GraphRunner } from '../graph/index.js'
import { type Check, checkProbe } from '../prune/verify.js'
import type { SearchedTicket } from '../ticket/index.js'

/**
 * Checks of a searched ticket beyond those of opening it: every mask is read and holds what the ticket says, and the
 * regenerated network gives the recorded logits.
 * @throws InputError when a mask is unsound
 */
export async function verifySearched(ticket: SearchedTicket, runner: GraphRunner): Promise<{ checks: Check[] }> {
  const { probe, search } = ticket.metadata
  const container = `${ticket.bytes} bytes, sha256 ${ticket.sha256.slice(0, 16)}...`
  let kept = 0
  let count = 0
  for (const { name, shape, kept: ones } of ticket.matrices.values()) {
    await ticket.readMask(name)
    kept += ones
    count += shape[0] * shape[1]
  }
  const asked = search ? `, ${(100 * search.keep).toFixed(1)} % were asked for` : ''
  const masks = `${ticket.matrices.size} masks keep ${((100 * kept) / count).toFixed(1)} % of ${count} weights${asked}`
  const checks: Check[] = [
    { name: 'container', passed: true, detail: container },
    { name: 'masks', passed: true, detail: masks },
  ]
  if (probe) {
    const logits = await probeLogits(ticket, probe.tokens, { runner, rebuild: rebuildTicket })
    checks.push(checkProbe(probe, logits, 'logits of the masked random weights, against those recorded by the search'))
  }
  return { checks }
}
