import { Button } from '../../ui/button.js'
import { Notice } from '../../ui/notice.js'
import { Progress } from '../../ui/progress.js'
import type { AskedSearch } from './address.js'
import type { Lane, Phase } from './lane.js'
import { hasTicket, type LaneTicket, ticketOf } from './lane-ticket.js'
import { doneOf } from './searches.js'

/** Where a search stands, in a word. */
export const phases: Record<Phase, string> = {
  starting: 'Loading',
  running: 'Searching',
  pausing: 'Pausing',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  failed: 'Ended',
}

/** How far a search is, what it writes, and its ticket; before it is started, the room for them. */
export function LanePanel({
  asked,
  lane,
  several,
}: {
  readonly asked: AskedSearch
  readonly lane: Lane | undefined
  readonly several: boolean
}) {
  void lane?.version.value
  const phase = lane?.phase.value
  const opened = lane?.opening.value
  const texts = lane?.samples.value ?? []
  const steps = asked.settings.steps.toLocaleString('en')
  return (
    <section class="panel search-lane" aria-label={several ? asked.title : 'The search'}>
      {several ? <h3>{asked.title}</h3> : null}
      <Progress
        label={lane && phase ? `${phases[phase]}: step ${doneOf(lane)}` : `Not started: ${steps} steps to do`}
        fraction={(lane?.history.steps ?? 0) / asked.settings.steps}
        note={lane ? paceOf(lane) : ''}
      />
      <p class="field-help search-facts">
        {opened
          ? `${opened.kept.toLocaleString('en')} of ${opened.weights.toLocaleString('en')} weights kept. ${opened.reason} Attention logits start with a deviation of ${opened.attentionDeviation.toPrecision(3)}.`
          : 'ONNX Runtime is loaded once, 14 MB (26 MB for WebGPU); then the random network is drawn.'}
      </p>
      {lane?.failure.value === undefined ? null : (
        <Notice kind="error">{lane.failure.value} Change the settings and start again.</Notice>
      )}
      {lane?.warnings.value.map((sentence) => (
        <Notice key={sentence} kind="warning">
          {sentence}
        </Notice>
      ))}
      <div class="search-sample">
        <h4>{texts.length > 0 ? `What it writes at step ${texts[0].step.toLocaleString('en')}` : 'What it writes'}</h4>
        {texts[0] ? (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
          <pre tabIndex={0} role="group" aria-label="What it writes">
            {shownText(texts[0].text)}
          </pre>
        ) : (
          <pre />
        )}
        <details>
          <summary>Earlier texts</summary>
          {texts.length > 1 ? null : <p class="field-help">None yet.</p>}
          {texts.slice(1).map(({ step, text }) => (
            <div key={step}>
              <h4>Step {step.toLocaleString('en')}</h4>
              <pre>{shownText(text)}</pre>
            </div>
          ))}
        </details>
      </div>
      <TicketButtons lane={lane} />
    </section>
  )
}

/** Without the empty lines that a text may begin with. */
const shownText = (text: string) => text.replace(/^\s*\n/, '')

/** Speed, time left and loss, as far as they are known. */
function paceOf({ history, settings, phase }: Lane): string {
  const speed = history.speed()
  if (speed === 0) return ''
  const parts = [`${Math.round(speed).toLocaleString('en')} tokens/s`]
  const { batch, config, steps } = settings
  if (phase.value === 'running') {
    parts.push(`${duration(((steps - history.steps) * batch * config.positions) / speed)} left`)
  }
  return parts.join(' · ')
}

function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Takes the ticket home, or to the run view. */
function TicketButtons({ lane }: { readonly lane: Lane | undefined }) {
  const ready = lane !== undefined && hasTicket(lane)
  const ticket = lane && ticketOf(lane)
  const isMaking = ticket?.isMaking.value === true
  return (
    <div class="search-ticket">
      <div class="row">
        <Button disabled={!ready} waits={isMaking} onClick={() => void ticket?.download()}>
          Download the ticket
        </Button>
        <Button disabled={!ready} waits={isMaking} onClick={() => void ticket?.open()}>
          Run it
        </Button>
      </div>
      <p class="field-help" role="status">
        {ticket ? ticketSaid(ticket) : TICKET_HELP}
      </p>
    </div>
  )
}

const TICKET_HELP = 'A seed and one bit a weight: slt verify, eval and generate take the file.'

function ticketSaid({ isMaking, problem, made }: LaneTicket): string {
  if (isMaking.value) return 'Measuring its loss, writing its masks.'
  if (problem.value !== '') return problem.value
  if (!made.value) return TICKET_HELP
  const { bytes, step, validLoss } = made.value
  return `${kilobytes(bytes.length)} after step ${step.toLocaleString('en')}: ${validLoss.toFixed(3)} nats a byte on the validation text.`
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
