import routes from '../../routes/index.ts'

// The limit of the route, 600 a minute, would refuse most of a round: it counts in the same way, only higher.
const limits = routes.github.limits.map((limit) => ({ ...limit, max: 1_000_000_000 }))

/** The routes of the project; GitHub's has a limit that a bench cannot reach. */
export default { ...routes, github: { ...routes.github, limits } }
