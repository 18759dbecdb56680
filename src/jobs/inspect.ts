import { openFile } from '../files/files.js'
import { nodeSha256 } from '../files/sha256.js'
import { type InspectOptions, inspectTicket } from '../inspect/inspect-ticket.js'
import type { TicketReport } from '../inspect/report.js'
import { type OpenOptions, openTicket } from '../ticket/index.js'

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
