/** What every answer carries (OWASP secure headers; no PHI in caches). */
import type { MiddlewareHandler } from 'hono'

export function pageHeaders(secure: boolean): MiddlewareHandler {
  return async (c, next) => {
    await next()
    // What is no page of ours says itself what it may do: less.
    if (!c.res.headers.has('content-security-policy'))
      c.header(
        'Content-Security-Policy',
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
    c.header('X-Content-Type-Options', 'nosniff')
    // same-origin, not no-referrer: that one makes browsers send `Origin: null` with our own forms.
    c.header('Referrer-Policy', 'same-origin')
    // What may be kept says so itself; nothing of a person does.
    if (!c.res.headers.has('cache-control')) c.header('Cache-Control', 'no-store')
    if (secure) c.header('Strict-Transport-Security', 'max-age=31536000')
  }
}
