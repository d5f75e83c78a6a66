interface Env {
  /** Bound by the tests of the harness itself. */
  TEXT?: string
}

/** Answers what a Worker sees of a request, as JSON with one character for each byte of the body. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined
    console.log(`echo ${request.method} ${request.url}`)
    return Response.json({
      method: request.method,
      url: request.url,
      headers: [...request.headers],
      cf: request.cf ?? null,
      hasBody: body !== undefined,
      body: body ? String.fromCharCode(...body) : null,
      redirect: request.redirect,
      text: env.TEXT ?? null,
    })
  },
}
