/**
 * The length of an axis: a number, or a text for a length that is known only when the graph runs. A text is a name (`batch`) or a sum of products
 * of names and whole numbers (`past + sequence`, `2 * width - 1`). The functions here write sums and products in one order, so equal lengths are equal texts.
 */
export type Dimension = number | string

/** A polynomial with whole coefficients: products of names, sorted and joined by ` * `, with their factors; the number alone has the key ''. */
type Polynomial = ReadonlyMap<string, number>

const factor = String.raw`\s*(?:[A-Za-z_]\w*|\d+)\s*`
const product = `${factor}(?:\\*${factor})*`
const grammar = new RegExp(`^\\s*-?${product}(?:[+-]${product})*$`)

/**
 * A length in the one form that all equal lengths have: `sequence + past` becomes `past + sequence`.
 * @throws RangeError naming `what`, for a number that is no integer >= 0 and a text that is no sum of products
 */
export function dimension(what: string, length: Dimension): Dimension {
  const fits = typeof length === 'number' ? Number.isSafeInteger(length) && length >= 0 : grammar.test(length)
  if (!fits) throw new RangeError(`${what} expected an integer >= 0 or names, such as batch or a + b, got ${length}`)
  return written(polynomial(length))
}

/** a + b. */
export const sumOf = (a: Dimension, b: Dimension): Dimension =>
  areNumbers(a, b) ? Number(a) + Number(b) : written(combined(polynomial(a), polynomial(b), 1))

/** a - b. */
export const differenceOf = (a: Dimension, b: Dimension): Dimension =>
  areNumbers(a, b) ? Number(a) - Number(b) : written(combined(polynomial(a), polynomial(b), -1))

/** a b. */
export function productOf(a: Dimension, b: Dimension): Dimension {
  if (areNumbers(a, b)) return Number(a) * Number(b)
  const terms = new Map<string, number>()
  for (const [left, i] of polynomial(a)) {
    for (const [right, j] of polynomial(b)) addTerm(terms, [...namesOf(left), ...namesOf(right)], i * j)
  }
  return written(terms)
}

/** a / b where b is one product that divides every term of a, or is a itself; undefined elsewhere. */
export function quotientOf(a: Dimension, b: Dimension): Dimension | undefined {
  const terms = new Map<string, number>()
  const [divisor, ...more] = polynomial(b)
  if (divisor === undefined) return undefined
  if (more.length > 0) return a === b ? 1 : undefined
  for (const [term, i] of polynomial(a)) {
    const names = namesOf(term)
    for (const name of namesOf(divisor[0])) {
      if (!names.includes(name)) return undefined
      names.splice(names.indexOf(name), 1)
    }
    if (i % divisor[1] !== 0) return undefined
    addTerm(terms, names, i / divisor[1])
  }
  return written(terms)
}

/** Whether a length is at least 0 whatever its names stand for. */
export const isNeverNegative = (length: Dimension): boolean =>
  [...polynomial(length).values()].every((count) => count >= 0)

/**
 * The number that a length is.
 * @param numberOf what a name stands for; undefined where that is not known, and then the result is undefined too
 */
export function numberFor(length: Dimension, numberOf: (name: string) => number | undefined): number | undefined {
  let total = 0
  for (const [term, count] of polynomial(length)) {
    let value = count
    for (const name of namesOf(term)) value *= numberOf(name) ?? Number.NaN
    total += value
  }
  return Number.isNaN(total) ? undefined : total
}

/** A length as a sum: each product's names, and how many times it is taken (negative where it is subtracted). */
export const termsOf = (length: Dimension): { names: string[]; count: number }[] =>
  Array.from(polynomial(length), ([term, count]) => ({ names: namesOf(term), count }))

/** Most lengths are: they need no polynomials. */
const areNumbers = (a: Dimension, b: Dimension): boolean => typeof a === 'number' && typeof b === 'number'

const namesOf = (term: string): string[] => (term === '' ? [] : term.split(' * '))

function polynomial(length: Dimension): Polynomial {
  const terms = new Map<string, number>()
  if (typeof length === 'number') addTerm(terms, [], length)
  else {
    for (const [, sign, text] of length.matchAll(/([+-]?)([^+-]+)/g)) {
      const factors = text.split('*').map((each) => each.trim())
      if (factors[0] === '') continue // blanks before a sign
      const [names, numbers] = [/\D/, /^\d+$/].map((kind) => factors.filter((each) => kind.test(each)))
      addTerm(
        terms,
        names,
        numbers.reduce((count, each) => count * Number(each), sign === '-' ? -1 : 1),
      )
    }
  }
  return terms
}

function addTerm(terms: Map<string, number>, names: readonly string[], count: number): void {
  const key = [...names].sort().join(' * ')
  const total = (terms.get(key) ?? 0) + count
  if (total === 0) terms.delete(key)
  else terms.set(key, total)
}

function combined(a: Polynomial, b: Polynomial, sign: 1 | -1): Polynomial {
  const terms = new Map(a)
  for (const [term, count] of b) addTerm(terms, namesOf(term), sign * count)
  return terms
}

/** Products in alphabetical order, the number last. */
function written(terms: Polynomial): Dimension {
  const { '': number = 0, ...products } = Object.fromEntries(terms)
  const parts = Object.keys(products)
    .sort()
    .map((term) => [products[term], term] as const)
  if (parts.length === 0) return number
  const text = parts.map(
    ([count, term]) => `${sign(count)}${Math.abs(count) === 1 ? '' : `${Math.abs(count)} * `}${term}`,
  )
  if (number !== 0) text.push(`${sign(number)}${Math.abs(number)}`)
  return text.join('').replace(/^ \+ /, '').replace(/^ - /, '-')
}

const sign = (count: number): string => (count < 0 ? ' - ' : ' + ')
