/** What a store can do. Results, their files, inputs and checkpoints lie in one, wherever their workers run. */

/** Bytes in memory, or a file of this machine. */
export type Content = Uint8Array | { readonly path: string }

/**
 * Values by key. A key is parts of lower-case letters, digits, `.`, `_` and `-`, each beginning with a letter or digit, with slashes between them. A value is there whole or not at
 * all, whatever stops the writer. Every call fails with an InputError that begins with the store's address and the key.
 */
export interface Store {
  /** As the user gave it: a folder, or `s3://bucket/prefix`. */
  readonly address: string
  /** The value; undefined where there is none. */
  read(key: string): Promise<Uint8Array | undefined>
  /** Copies the value into a new file. @returns false where there is no value; no file is made then */
  copyTo(key: string, path: string): Promise<boolean>
  /** Bytes of the value; undefined where there is none. */
  size(key: string): Promise<number | undefined>
  /** Writes a value where there is none. Of writers at the same time one wins. @returns false where there is one: it stays */
  create(key: string, content: Content): Promise<boolean>
  /** Writes a value, whether there is one or not. */
  replace(key: string, content: Content): Promise<void>
  /** Removes a value, if there is one. */
  remove(key: string): Promise<void>
  /** Keys that begin with the prefix, which ends with a slash; in order. */
  list(prefix: string): Promise<string[]>
}

const KEY = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/

/** @throws RangeError for what is no key */
export function expectKey(key: string): string {
  if (!KEY.test(key))
    throw new RangeError(
      `"key" expected parts of a-z, 0-9, ".", "_" and "-" with slashes between them, got ${JSON.stringify(key)}`,
    )
  return key
}
