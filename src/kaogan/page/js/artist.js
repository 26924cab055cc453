// Who draws next. One generator, many who want pictures: what a person is moving comes first, and
// only its newest state (there is never a backlog); the rest follows in small batches.

const BATCH = 4;

export class Artist {
  #draw;
  #urgent = new Map(); // slot -> {input, resolve, reject}
  #waiting = [];
  #busy = false;

  /** `draw` takes inputs ({z, labels}) and resolves to as many pictures. */
  constructor(draw) {
    this.#draw = draw;
  }

  /** The picture of an input, as soon as can be; null if the same slot asked anew before it was begun. */
  now(slot, input) {
    this.#urgent.get(slot)?.resolve(null);
    return new Promise((resolve, reject) => {
      this.#urgent.set(slot, { input, resolve, reject });
      this.#work();
    });
  }

  /**
   * The picture of an input when nothing is urgent; null if `signal` aborts before it was begun. What has the
   * least `rank()` at the moment is next, and of equals what came first.
   */
  later(input, signal, rank = () => 0) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject, signal, rank });
      this.#work();
    });
  }

  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    for (let jobs = this.#next(); jobs.length; jobs = this.#next()) {
      try {
        const pictures = await this.#draw(jobs.map((job) => job.input));
        jobs.forEach((job, i) => job.resolve(pictures[i]));
      } catch (error) {
        jobs.forEach((job) => job.reject(error));
      }
    }
    this.#busy = false;
  }

  #next() {
    for (const [slot, job] of this.#urgent) {
      this.#urgent.delete(slot);
      return [job];
    }
    const aborted = (job) => job.signal?.aborted;
    this.#waiting.filter(aborted).forEach((job) => job.resolve(null));
    const ranked = this.#waiting.filter((job) => !aborted(job)).map((job) => ({ job, rank: job.rank() }));
    const jobs = ranked.sort((a, b) => a.rank - b.rank).slice(0, BATCH).map(({ job }) => job);
    this.#waiting = this.#waiting.filter((job) => !aborted(job) && !jobs.includes(job));
    return jobs;
  }
}
