/**
 * Calls `start` for each item. Answers at once if nothing has to be waited for; what fails after something was started
 * rejects, so that no promise is left alone.
 */
export function settleAll<I, T>(items: readonly I[], start: (item: I) => T | Promise<T>): T[] | Promise<T[]> {
  const results: (T | Promise<T>)[] = [];
  let isWaiting = false;
  for (const item of items) {
    let result: T | Promise<T>;
    try {
      result = start(item);
    } catch (thrown) {
      if (!isWaiting) throw thrown;
      result = Promise.reject(thrown);
    }
    isWaiting ||= result instanceof Promise;
    results.push(result);
  }
  return isWaiting ? awaitAll(results) : results as T[];
}

/** Unlike `Promise.all` it leaves nothing running behind. */
async function awaitAll<T>(results: readonly (T | Promise<T>)[]): Promise<T[]> {
  await Promise.allSettled(results);
  return await Promise.all(results);
}

/** Goes on with a result, now or when it is there. */
export function then<T, U>(result: T | Promise<T>, next: (result: T) => U): U | Promise<U> {
  return result instanceof Promise ? result.then(next) : next(result);
}
