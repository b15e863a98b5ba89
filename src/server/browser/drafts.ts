/**
 * What is being written is kept at the portal while it is written, so that neither the end of a session nor of a battery
 * loses it. The browser itself keeps nothing: what a patient writes is not to lie on a machine that others use too.
 */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

const pause = 1_500
/** The most that a browser sends while a page goes away, bytes. */
const mostKeptAlive = 60_000

export function keepDrafts(): void {
  for (const composer of document.querySelectorAll<HTMLElement>('[data-drafts]')) {
    const form = composer.querySelector('form')
    if (form) keepDraft(composer.dataset['drafts']!, form)
  }
}

function keepDraft(path: string, form: HTMLFormElement): void {
  let timer = 0
  let pending = false
  let going: AbortController | undefined
  const save = (): void => {
    clearTimeout(timer)
    if (!pending) return
    pending = false
    going?.abort()
    going = new AbortController()
    const all = new FormData(form)
    const fields = ['keep', 'place', 'subject', 'text'].flatMap((name) =>
      typeof all.get(name) === 'string' ? [[name, all.get(name) as string]] : [],
    )
    const body = new URLSearchParams(fields)
    const keepalive = body.toString().length < mostKeptAlive
    fetch(path, { method: 'POST', body, keepalive, signal: going.signal }).catch(() => {
      // No network: it is still in the form, and kept with the next pause.
      pending = true
    })
  }
  form.addEventListener('input', () => {
    pending = true
    clearTimeout(timer)
    timer = window.setTimeout(save, pause)
  })
  // What is sent is no draft any more.
  form.addEventListener('submit', () => {
    pending = false
    clearTimeout(timer)
    going?.abort()
  })
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) save()
  })
  window.addEventListener('pagehide', save)
}
