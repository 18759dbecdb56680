/** What the ticket writer needs of a platform: a working file, a journal beside it, and a lock on both. */
export interface TicketStorage {
  /**
   * Locks `path` against other writers and opens its working files, creating what is missing.
   * Rejects with InputError when another process holds the lock or the folder cannot be written.
   */
  open(path: string): Promise<WorkingFiles>
}

/** The working files of one ticket under construction; none of them is at the final path. */
export interface WorkingFiles {
  /** The text of the journal; '' when there was none. Bytes that are not UTF-8 read as U+FFFD. */
  readJournal(): Promise<string>
  /** Replaces the journal, durably. */
  resetJournal(text: string): Promise<void>
  /** Appends to the journal, durably: after it resolves, the text survives a power cut. */
  appendJournal(text: string): Promise<void>
  /** Length of the working file in bytes. */
  size(): Promise<number>
  /** Cuts or grows (with zeros) the working file. */
  resize(size: number): Promise<void>
  read(offset: number, length: number): Promise<Uint8Array>
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** Makes everything written to the working file durable. */
  sync(): Promise<void>
  /** Syncs the working file, renames it over the final path, removes the journal and the lock. */
  publish(): Promise<void>
  /** Closes and unlocks; the working files stay, to be resumed. */
  close(): Promise<void>
  /** Closes, unlocks and removes the working files. */
  remove(): Promise<void>
}
