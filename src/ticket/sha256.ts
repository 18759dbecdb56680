/**
 * A running SHA-256. WebCrypto has none that takes its input piece by piece, so each platform brings its own:
 * src/files passes one in.
 */
export interface Sha256 {
  update(bytes: Uint8Array): void
  /** The digest of everything so far as 64 lower-case hexadecimal digits; ends the hash. */
  digest(): string
}

/** Starts a fresh hash. */
export type CreateSha256 = () => Sha256
