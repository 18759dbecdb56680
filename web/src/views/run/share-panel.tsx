import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import type { TicketReport } from '../../../../src/inspect/index.js'
import { isAbort, plainSentence } from '../../failure.js'
import { Button } from '../../ui/button.js'
import { Notice } from '../../ui/notice.js'
import { client } from './run-session.js'
import type { SharedTicket } from './share-ticket.js'
import { byteText } from './ticket-facts.js'

/** The ticket as a file, a link, a QR code. */
export function SharePanel({ report }: { readonly report: TicketReport }) {
  const id = useId()
  const shared = useSignal<SharedTicket | undefined>(undefined)
  const failed = useSignal('')
  const copied = useSignal(false)
  const picture = useSignal('')
  useEffect(() => {
    shared.value = undefined
    failed.value = ''
    copied.value = false
  }, [report])
  useEffect(() => {
    const svg = shared.value?.qr?.svg
    const url = svg ? URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' })) : ''
    picture.value = url
    return () => URL.revokeObjectURL(url)
  }, [shared.value])
  const attempt = (work: () => Promise<void>) => {
    failed.value = ''
    work().catch((error) => {
      if (!isAbort(error)) failed.value = plainSentence(error)
    })
  }
  const share = () =>
    attempt(async () => {
      shared.value = await client.call('share', { page: location.href.replace(/#.*$/s, '') })
    })
  const download = () =>
    attempt(async () => {
      const bytes = await client.call('file', undefined)
      const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]))
      const link = document.createElement('a')
      link.href = url
      link.download = 'ticket.slt.safetensors'
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 10_000)
    })
  const copy = () =>
    attempt(async () => {
      await navigator.clipboard.writeText(shared.value!.link)
      copied.value = true
    })
  const { value: made } = shared
  return (
    <section class="ticket-share" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Hand it on</h2>
      <div class="row">
        <Button onClick={download}>Download the ticket ({byteText(report.size.bytes)})</Button>
        {report.kind === 'searched' ? <Button onClick={share}>As a link or a QR code</Button> : null}
      </div>
      {failed.value === '' ? null : <Notice kind="error">{failed.value} The file can be downloaded.</Notice>}
      {made ? (
        <div class="ticket-shared">
          {picture.value ? (
            <img
              class="ticket-qr"
              src={picture.value}
              alt="The ticket as a QR code: its digits, to be read by any reader and pasted above."
            />
          ) : null}
          <div class="field">
            <div class="field-head">
              <label for={id}>The link holds the whole ticket: {byteText(made.bytes)}</label>
            </div>
            <textarea
              id={id}
              rows={4}
              readOnly
              spellcheck={false}
              value={made.link}
              onFocus={(event) => event.currentTarget.select()}
            />
            <div class="row">
              <Button onClick={copy}>Copy the link</Button>
              <span role="status">{copied.value ? 'Copied.' : ''}</span>
            </div>
            <span class="field-help">
              {made.isLong ? 'Some programs cut links as long as this one. ' : ''}
              {made.qr
                ? `The QR code (version ${made.qr.version}) is the ticket itself, not an address: what it reads goes into the field at the top.`
                : `A QR code holds at most ${byteText(made.capacity)}; this ticket is larger.`}
            </span>
          </div>
        </div>
      ) : null}
    </section>
  )
}
