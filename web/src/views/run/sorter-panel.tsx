import { batch, type Signal, signal, useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { useKeptFocus } from '../../ui/kept-focus.js'
import { Notice } from '../../ui/notice.js'
import { Progress } from '../../ui/progress.js'
import { DeviceChoice } from './device-choice.js'
import { address } from './run-address.js'
import { attention, client, failRunning, type Running, running } from './run-session.js'
import { ALL_LISTS, type SorterShape } from './sorter-shape.js'
import type { SortedCount } from './sorting.js'

const { list } = address.values

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** The first list that is shown: letters downwards and up again. */
function firstList({ letters, length }: SorterShape): string {
  const period = 2 * letters
  return Array.from({ length }, (_, i) => {
    const at = i % period
    return LETTERS[at < letters ? letters - 1 - at : at - letters]
  }).join('')
}

const isList = (text: string, { letters, length }: SorterShape) =>
  text.length === length && Array.from(text).every((letter) => LETTERS.indexOf(letter) < letters && letter >= 'A')

/** The last answer, the list it is of, and whose it is. */
interface Answer {
  readonly list: string
  readonly answer: string
  readonly isRight: boolean
  readonly by: Running
}
const answered: Signal<Answer | undefined> = signal(undefined)

/** Six letters, and what the ticket makes of them. */
export function SorterPanel({ shape }: { readonly shape: SorterShape }) {
  const id = useId()
  const { letters, length } = shape
  const isReady = running.value !== undefined
  const current = isList(list.value, shape) ? list.value : firstList(shape)
  const typed = useSignal(current)
  const isSound = isList(typed.value, shape)
  useEffect(() => {
    typed.value = current
  }, [current, letters, length])
  useSignalEffect(() => {
    if (running.value) sort(isList(list.value, shape) ? list.value : firstList(shape), running.value)
  })
  const largest = LETTERS[letters - 1]
  const { value: last } = answered
  const found = last?.by === running.value && last?.list.length === length ? last : undefined
  return (
    <section class="ticket-try" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Let it sort</h2>
      <div class="ticket-sort">
        <div class="field">
          <div class="field-head">
            <label for={id}>
              {length} letters from A to {largest}
            </label>
          </div>
          <div class="joined">
            <input
              id={id}
              class="ticket-letters"
              autocomplete="off"
              autocapitalize="characters"
              spellcheck={false}
              maxLength={length}
              value={typed.value}
              aria-invalid={!isSound}
              aria-describedby={`${id}-error`}
              onInput={({ currentTarget }) => {
                typed.value = currentTarget.value.toUpperCase()
                if (isList(typed.value, shape)) list.value = typed.value
              }}
            />
            <Button
              onClick={() => {
                const drawn = crypto.getRandomValues(new Uint8Array(length))
                list.value = Array.from(drawn, (byte) => LETTERS[byte % letters]).join('')
              }}
            >
              Draw
            </Button>
          </div>
          <span class="field-error" id={`${id}-error`} role="status">
            {isSound ? '' : `Expected ${length} letters from A to ${largest}.`}
          </span>
        </div>
        <div class="field">
          <div class="field-head">What the ticket answers</div>
          <output class="ticket-answer" for={id}>
            {found?.answer ?? '\u2007'.repeat(length)}
            {found ? (
              <span class={found.isRight ? 'ticket-right' : 'ticket-wrong'}>
                {found.isRight ? '✓ sorted' : '✗ not sorted'}
              </span>
            ) : null}
          </output>
        </div>
        <DeviceChoice />
      </div>
      <CheckAll key={`${letters} ${length}`} shape={shape} disabled={!isReady} />
    </section>
  )
}

async function sort(list: string, by: Running): Promise<void> {
  try {
    const { answer, isRight, attention: seen } = await client.latest('sort', { list })
    if (running.peek() !== by) return // of a ticket that was open before
    batch(() => {
      answered.value = { list, answer, isRight, by }
      attention.value = seen
    })
  } catch (error) {
    failRunning(error)
  }
}

function CheckAll({ shape, disabled }: { readonly shape: SorterShape; readonly disabled: boolean }) {
  const checking = useSignal<AbortController | undefined>(undefined)
  const count = useSignal<SortedCount | undefined>(undefined)
  const all = shape.letters ** shape.length
  const what =
    all <= ALL_LISTS
      ? `all ${all.toLocaleString('en')} lists`
      : `${ALL_LISTS.toLocaleString('en')} of ${all.toLocaleString('en')} lists`
  useEffect(() => () => checking.peek()?.abort(), [])
  const check = async () => {
    const controller = new AbortController()
    checking.value = controller
    count.value = undefined
    try {
      count.value = await client.call('sortAll', undefined, {
        signal: controller.signal,
        onReport(each) {
          count.value = each
        },
      })
    } catch (error) {
      failRunning(error)
    } finally {
      checking.value = undefined
    }
  }
  const { value: done } = count
  const place = useKeptFocus<HTMLDivElement>()
  return (
    <div class="ticket-check" ref={place} tabIndex={-1}>
      {checking.value ? (
        <Progress
          label={`Sorting ${what}`}
          fraction={done ? done.done / done.total : 0}
          note={done ? `${done.right.toLocaleString('en')} of ${done.done.toLocaleString('en')} right` : ''}
          onCancel={() => checking.value?.abort()}
        />
      ) : (
        <div class="row">
          <Button disabled={disabled} onClick={check}>
            Check {what}
          </Button>
          {done && done.done === done.total ? (
            <Notice kind={done.wrong === null ? 'info' : 'warning'}>
              {done.right.toLocaleString('en')} of {done.total.toLocaleString('en')} lists sorted
              {done.wrong === null ? '.' : `; the first that was not: ${done.wrong}.`}
            </Notice>
          ) : null}
        </div>
      )}
    </div>
  )
}
