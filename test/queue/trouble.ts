import type { Content, Store } from '../../src/queue/store.js'

/** A store that asks before each write: what it throws, the write throws. `'lost'`: the write is told to have happened, and has not. */
export function troubledStore(store: Store, trouble: (key: string) => Promise<'lost' | undefined> | undefined): Store {
  return {
    ...store,
    async create(key: string, content: Content) {
      return (await trouble(key)) === 'lost' ? true : store.create(key, content)
    },
    async replace(key: string, content: Content) {
      if ((await trouble(key)) !== 'lost') await store.replace(key, content)
    },
  }
}
