/** Texts unlike any other, so that a leak can be searched for. */
export function canaries() {
  const planted: string[] = []
  return {
    planted,
    /** A new canary; letters and digits only, so that no encoding of a URL or of JSON changes it. */
    plant(where: string): string {
      const text = `canary${where.replaceAll(/[^a-z0-9]/gi, '')}${planted.length}z${crypto.randomUUID().slice(0, 8)}`
      planted.push(text)
      return text
    },
  }
}

/** What a leak of the text could look like: itself in any case, in hex, and in base64 at any offset. */
export function forms(text: string): string[] {
  const bytes = Buffer.from(text)
  const shifted = [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
    // The first and last groups also depend on what stands beside the text.
    const groups = whole
      .toString('base64')
      .replaceAll('=', '')
      .slice(offset === 0 ? 0 : 4, -4)
    return [groups, groups.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [
    ...new Set([text.toLowerCase(), bytes.toString('hex'), ...shifted.map((form) => form.toLowerCase())]),
  ]
}

/** The texts that a haystack holds in some form. */
export function leaked(haystack: string, texts: readonly string[]): string[] {
  const folded = haystack.toLowerCase()
  return texts.filter((text) => forms(text).some((form) => folded.includes(form)))
}
