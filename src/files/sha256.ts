import { createHash } from 'node:crypto'
import type { Sha256 } from '../ticket/sha256.js'

/** SHA-256 by Node's own crypto, for the ticket reader and writer. */
export function nodeSha256(): Sha256 {
  const hash = createHash('sha256')
  return {
    update(bytes) {
      hash.update(bytes)
    },
    digest: () => hash.digest('hex'),
  }
}
