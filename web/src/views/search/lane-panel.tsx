import { useSignal } from '@preact/signals'
import { plainSentence } from '../../failure.js'
import { runTicket } from '../../handed-ticket.js'
import { Button } from '../../ui/button.js'
import { Notice } from '../../ui/notice.js'
import { Progress } from '../../ui/progress.js'
import type { AskedSearch } from './address.js'
import type { Lane, Phase } from './lane.js'
import type { TicketFile } from './messages.js'
import { doneOf } from './searches.js'

const phases: Record<Phase, string> = {
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
          ? `${opened.kept.toLocaleString('en')} of ${opened.weights.toLocaleString('en')} weights kept. ${opened.reason}`
          : 'ONNX Runtime is loaded once, 14 MB (26 MB for WebGPU); then the random network is drawn.'}
      </p>
      {lane?.failure.value === undefined ? null : (
        <Notice kind="error">{lane.failure.value} Change the settings and start again.</Notice>
      )}
      <div class="search-sample">
        <h4>{texts.length > 0 ? `What it writes at step ${texts[0].step.toLocaleString('en')}` : 'What it writes'}</h4>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <pre tabIndex={0}>{texts[0] ? shownText(texts[0].text) : ''}</pre>
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
  const isMaking = useSignal(false)
  const made = useSignal<TicketFile | undefined>(undefined)
  const problem = useSignal('')
  const phase = lane?.phase.value
  const ready = phase !== undefined && phase !== 'starting' && phase !== 'failed' && !isMaking.value

  const make = async (use: (ticket: TicketFile, name: string) => void) => {
    if (!lane) return
    isMaking.value = true
    problem.value = ''
    try {
      const ticket = await lane.ticket()
      made.value = ticket
      use(ticket, fileName(lane, ticket.step))
    } catch (error) {
      problem.value = plainSentence(error)
    } finally {
      isMaking.value = false
    }
  }
  return (
    <div class="search-ticket">
      <div class="row">
        <Button disabled={!ready} onClick={() => void make(({ bytes }, name) => download(bytes, name))}>
          Download the ticket
        </Button>
        <Button disabled={!ready} onClick={() => void make(({ bytes }, name) => runTicket(new File([bytes], name)))}>
          Run it
        </Button>
      </div>
      <p class="field-help" role="status">
        {isMaking.value
          ? 'Measuring its loss, writing its masks.'
          : problem.value !== ''
            ? problem.value
            : made.value
              ? `${kilobytes(made.value.bytes.length)} after step ${made.value.step.toLocaleString('en')}: ${made.value.validLoss.toFixed(3)} nats a byte on the validation text.`
              : 'A seed and one bit a weight: slt verify, eval and generate take the file.'}
      </p>
    </div>
  )
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`

function fileName({ settings }: Lane, step: number): string {
  const { config, qkScale, seed } = settings
  const scaled = qkScale === 1 ? '' : `-qk${qkScale}`
  return `search-${config.layers}x${config.width}${scaled}-seed${seed}-step${step}.slt.safetensors`
}

function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000) // some browsers read it later
}
