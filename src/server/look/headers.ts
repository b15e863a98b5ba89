/** What every answer carries (OWASP secure headers; no PHI in caches). */
import type { MiddlewareHandler } from 'hono'

export function pageHeaders(secure: boolean): MiddlewareHandler {
  return (c, next) => {
    // Before the answer is made, which may say itself what it may do and how long it may be kept: to alter it afterwards
    // makes a stream of its body, which costs more than the headers.
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    c.header('X-Content-Type-Options', 'nosniff')
    // same-origin, not no-referrer: that one makes browsers send `Origin: null` with our own forms.
    c.header('Referrer-Policy', 'same-origin')
    // Nothing of a person is kept anywhere.
    c.header('Cache-Control', 'no-store')
    if (secure) c.header('Strict-Transport-Security', 'max-age=31536000')
    return next()
  }
}
