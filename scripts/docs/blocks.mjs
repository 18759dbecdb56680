// The fenced blocks of a page, and the marks that say how a block is run.
//
// A block without a mark is run as it is: as a program when its fence says `js`, else in a shell. A fence that says `text` holds no
// program. A mark is an HTML comment before the block, which readers do not see:
//   <!-- docs: --steps 300 => --steps 20 -->      runs the block with this text replaced; several stand on lines of their own
//   <!-- docs: output -->                         the block is what the one before it prints, `...` standing for left-out lines
//   <!-- docs: output, any 0.00112 1.4 -->        the same; these figures may be others, because they depend on the machine
//   <!-- docs: left out: it needs WikiText-2 -->  the block is not run, for this reason

const FENCE = /^(`{3,})(\S*)\s*$/
const MARK = /^<!-- docs:\s*([\s\S]*?)\s*-->$/

/**
 * @param {string} page its name, for ids and messages
 * @param {string} text
 * @returns blocks in order: `id` (page:line of the fence), `code`, `kind` ('shell', 'js', 'output', 'text', 'left out'), and as the mark says
 *   `replace` (pairs of texts), `any` (figures) or `reason`
 * @throws Error for a mark or a fence that makes no sense
 */
export function blocksOf(page, text) {
  const lines = text.split('\n')
  const blocks = []
  let mark
  for (let at = 0; at < lines.length; at++) {
    if (lines[at].startsWith('<!-- docs:')) {
      const from = at
      while (!lines[at].endsWith('-->'))
        if (++at === lines.length) throw new Error(`${page}:${from + 1}: the mark has no end`)
      mark = { line: from + 1, text: MARK.exec(lines.slice(from, at + 1).join('\n'))[1] }
      continue
    }
    const fence = FENCE.exec(lines[at])
    if (!fence) {
      if (mark && lines[at].trim() !== '') throw new Error(`${page}:${mark.line}: the mark has no block after it`)
      continue
    }
    const from = at
    while (lines[++at] !== fence[1])
      if (at >= lines.length) throw new Error(`${page}:${from + 1}: the block has no end`)
    const id = `${page}:${from + 1}`
    const code = lines.slice(from + 1, at).join('\n')
    blocks.push({ id, code, ...read(id, fence[2], mark?.text, code) })
    mark = undefined
  }
  if (mark) throw new Error(`${page}:${mark.line}: the mark has no block after it`)
  return blocks
}

/** What a fence and a mark say. */
function read(id, language, mark, code) {
  const kind = { '': 'shell', sh: 'shell', js: 'js', text: 'text' }[language]
  if (mark === undefined) {
    if (kind === undefined) throw new Error(`${id}: nothing runs ${language}: mark the block with "left out: ..."`)
    return { kind }
  }
  const reason = /^left out: (.+)$/s.exec(mark)?.[1]
  if (reason !== undefined) return { kind: 'left out', reason: reason.replaceAll(/\s+/g, ' ') }
  const output = /^output(?:, any (.+))?$/s.exec(mark)
  if (output) return { kind: 'output', any: figures(id, output[1], code) }
  if (kind === undefined || kind === 'text')
    throw new Error(`${id}: a mark that replaces text expected a block that is run`)
  const replace = mark.split('\n').map((line) => {
    const pair = line.split(' => ')
    if (pair.length !== 2)
      throw new Error(`${id}: the mark "${line}" expected "text => other text", "output" or "left out: reason"`)
    if (!code.includes(pair[0])) throw new Error(`${id}: the mark replaces "${pair[0]}", which is not in the block`)
    return pair
  })
  return { kind, replace }
}

function figures(id, list, code) {
  const any = list === undefined ? [] : list.trim().split(/\s+/)
  const missing = any.find((one) => !code.includes(one))
  if (missing !== undefined) throw new Error(`${id}: the mark names "${missing}", which is not in the block`)
  return any
}

/** The program of a block: its code with the mark's texts replaced. */
export const programOf = ({ code, replace = [] }) =>
  replace.reduce((text, [from, to]) => text.replaceAll(from, () => to), code)
