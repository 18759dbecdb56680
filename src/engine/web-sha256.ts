import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Sha256 } from '../ticket/sha256.js'

/** SHA-256 piece by piece, for the ticket reader and writer; WebCrypto has it for whole arrays alone. */
export function webSha256(): Sha256 {
  const hash = sha256.create()
  return {
    update(bytes) {
      hash.update(bytes)
    },
    digest: () => bytesToHex(hash.digest()),
  }
}
