/** The unit: a Worker that only passes the request on. */
export default {
  fetch(request: Request, env: { ORIGIN_URL: string }): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    return fetch(new Request(`${env.ORIGIN_URL}${pathname}${search}`, request))
  },
}
