import { openFile } from '../files/files.js'
import { nodeSha256 } from '../files/sha256.js'
import { type ComparisonReport, compareTickets } from '../inspect/compare-tickets.js'
import { type InspectOptions, inspectTicket } from '../inspect/inspect-ticket.js'
import type { TicketReport } from '../inspect/report.js'
import { expectSearched, type OpenOptions, openTicket, type SearchedTicket } from '../ticket/index.js'

/**
 * Opens a ticket file, checks it, and reports what it is made of.
 * @param options.memoryLimit see `openTicket`
 * @throws InputError when it is no sound ticket; the signal's reason when it aborts
 */
export async function inspectFile(path: string, options: InspectOptions & OpenOptions = {}): Promise<TicketReport> {
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256, options)
    const fileMasks: SearchedTicket[] = []
    for (const mask of ticket.kind === 'searched' ? ticket.masks : []) {
      const isOpen = ticket.kind === 'searched' && mask === ticket.mask
      fileMasks.push(isOpen ? ticket : expectSearched(await openTicket(source, nodeSha256, { ...options, mask })))
    }
    return await inspectTicket(ticket, fileMasks.length > 0 ? { ...options, fileMasks } : options)
  } finally {
    await source.close()
  }
}

/**
 * Opens two searched tickets, checks them, and reports what their masks share.
 * @param options.memoryLimit of each; see `openTicket`
 * @param options.masks which mask of each; default: its first
 * @throws InputError when one is no sound ticket, or a pruned one; the signal's reason when it aborts
 */
export async function compareFiles(
  [a, b]: readonly [string, string],
  {
    masks = [],
    memoryLimit,
    ...options
  }: Omit<InspectOptions, 'onPicture' | 'fileMasks'> &
    OpenOptions & { readonly masks?: readonly (string | undefined)[] } = {},
): Promise<ComparisonReport> {
  const [first, second] = [await openFile(a, 'ticket'), await openFile(b, 'ticket')]
  try {
    const one = expectSearched(await openTicket(first, nodeSha256, { memoryLimit, mask: masks[0] }))
    const two = expectSearched(await openTicket(second, nodeSha256, { memoryLimit, mask: masks[1] }))
    return await compareTickets([one, two], options)
  } finally {
    await first.close()
    await second.close()
  }
}
