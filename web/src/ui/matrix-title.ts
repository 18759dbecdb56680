const parts: Readonly<Record<string, string>> = {
  'attn.q': 'queries',
  'attn.k': 'keys',
  'attn.v': 'values',
  'attn.c_proj': 'attention output',
  'mlp.c_fc': 'feed-forward in',
  'mlp.c_proj': 'feed-forward out',
}

/** What a matrix is called below the name of its layer: `queries`, or of a pruned head `head 2, query × key`. */
export function partTitle(name: string, token = 'byte'): string {
  if (name === 'wte') return `${token} embedding`
  if (name === 'wpe') return 'position embedding'
  if (name === 'lm_head') return 'output head'
  const part = /^h\.\d+\.(.+)$/.exec(name)?.[1]
  if (part === undefined) return name
  const [, head, pair] = /^attn\.(\d+)\.(qk|vo)$/.exec(part) ?? []
  if (pair !== undefined) return `head ${Number(head) + 1}, ${pair === 'qk' ? 'query × key' : 'value × output'}`
  return parts[part] ?? part
}

/**
 * What a matrix is called in a sentence: `layer 1, queries`.
 * @param name as tickets have it (`h.0.attn.q`)
 * @param token what the model reads, such as `byte`, `letter` or `token`
 */
export function matrixTitle(name: string, token = 'byte'): string {
  const layer = /^h\.(\d+)\./.exec(name)?.[1]
  const part = partTitle(name, token)
  return layer === undefined ? part : `layer ${Number(layer) + 1}, ${part}`
}
