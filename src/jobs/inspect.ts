import { openFile } from '../files/files.js'
import { nodeSha256 } from '../files/sha256.js'
import { type ComparisonReport, compareTickets } from '../inspect/compare-tickets.js'
import { type InspectOptions, inspectTicket } from '../inspect/inspect-ticket.js'
import type { TicketReport } from '../inspect/report.js'
import { expectSearched, type OpenOptions, openTicket } from '../ticket/index.js'

/**
 * Opens a ticket file, checks it, and reports what it is made of.
 * @param options.memoryLimit see `openTicket`
 * @throws InputError when it is no sound ticket; the signal's reason when it aborts
 */
export async function inspectFile(path: string, options: InspectOptions & OpenOptions = {}): Promise<TicketReport> {
  const source = await openFile(path, 'ticket')
  try {
    return await inspectTicket(await openTicket(source, nodeSha256, options), options)
  } finally {
    await source.close()
  }
}

/**
 * Opens two searched tickets, checks them, and reports what their masks share.
 * @param options.memoryLimit of each; see `openTicket`
 * @throws InputError when one is no sound ticket, or a pruned one; the signal's reason when it aborts
 */
export async function compareFiles(
  [a, b]: readonly [string, string],
  options: Omit<InspectOptions, 'onPicture'> & OpenOptions = {},
): Promise<ComparisonReport> {
  const [first, second] = [await openFile(a, 'ticket'), await openFile(b, 'ticket')]
  try {
    const one = expectSearched(await openTicket(first, nodeSha256, options))
    const two = expectSearched(await openTicket(second, nodeSha256, options))
    return await compareTickets([one, two], options)
  } finally {
    await first.close()
    await second.close()
  }
}
