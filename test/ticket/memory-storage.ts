import type { TicketStorage } from '../../src/ticket/index.js'

/** Working files in memory, for tests: what they hold can be looked at and torn. */
export function memoryStorage(): TicketStorage & {
  partial: Uint8Array
  journal: string
  published: Map<string, Uint8Array>
} {
  const state = {
    partial: new Uint8Array(0),
    journal: '',
    published: new Map<string, Uint8Array>(),
    async open(path: string) {
      return {
        readJournal: async () => state.journal,
        async resetJournal(text: string) {
          state.journal = text
        },
        async appendJournal(text: string) {
          state.journal += text
        },
        size: async () => state.partial.length,
        async resize(size: number) {
          const grown = new Uint8Array(size)
          grown.set(state.partial.subarray(0, size))
          state.partial = grown
        },
        read: async (offset: number, length: number) => state.partial.slice(offset, offset + length),
        async write(offset: number, bytes: Uint8Array) {
          state.partial.set(bytes, offset)
        },
        sync: async () => {},
        async publish() {
          state.published.set(path, state.partial)
          state.partial = new Uint8Array(0)
          state.journal = ''
        },
        close: async () => {},
        async remove() {
          state.partial = new Uint8Array(0)
          state.journal = ''
        },
      }
    },
  }
  return state
}
