/**
 * A field whose words are looked at by the server follows what is written: `data-looks` is where the form is sent for it, and
 * what comes back takes the place of `#look`. Without scripts a button of the form does the same.
 */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { morph } from './morph.ts'

const pause = 600

export function followLooks(): void {
  for (const field of document.querySelectorAll<HTMLTextAreaElement>('textarea[data-looks]')) follow(field)
}

function follow(field: HTMLTextAreaElement): void {
  const form = field.form
  if (!form) return
  let timer = 0
  let going: AbortController | undefined
  const look = async (): Promise<void> => {
    going?.abort()
    going = new AbortController()
    const body = new URLSearchParams(new FormData(form) as unknown as URLSearchParams)
    try {
      const answer = await fetch(field.dataset['looks']!, {
        method: 'POST',
        headers: { 'x-live': 'yes' },
        body,
        signal: going.signal,
      })
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('#look')
      const now = document.querySelector('#look')
      if (now && fresh) morph(now, fresh, [])
      // What was wrong with an earlier writing is said no more.
      document.getElementById(`${field.id}-fault`)?.remove()
      field.toggleAttribute('aria-invalid', false)
    } catch {
      // No network, or more was written since: the next pause asks again.
    }
  }
  field.addEventListener('input', () => {
    clearTimeout(timer)
    timer = window.setTimeout(() => void look(), pause)
  })
}
