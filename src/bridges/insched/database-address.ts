/** The address of InSched's database, apart from the password that it may hold: that is kept sealed and shown to nobody. */

/** The address without its password. */
export function withoutPassword(url: string): { readonly url: string; readonly password: string | undefined } {
  if (!/^postgres(ql)?:/.test(url) || !URL.canParse(url)) return { url, password: undefined }
  const address = new URL(url)
  const password = decodeURIComponent(address.password)
  address.password = ''
  return { url: address.href, password: password === '' ? undefined : password }
}

/** The address with it again. */
export function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url
  const address = new URL(url)
  address.password = encodeURIComponent(password)
  return address.href
}
