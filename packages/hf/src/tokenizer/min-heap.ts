/** Numbers of which the smallest comes out first. */
export class MinHeap {
  // Each number is at most its two children, at 2i + 1 and 2i + 2.
  readonly #numbers: number[] = [];

  push(number: number): void {
    const numbers = this.#numbers;
    let index = numbers.length;
    numbers.push(number);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = numbers[parent] ?? Number.NEGATIVE_INFINITY;
      if (above <= number) break;
      numbers[index] = above;
      index = parent;
    }
    numbers[index] = number;
  }

  /** Removes the smallest number; undefined when there is none. */
  pop(): number | undefined {
    const numbers = this.#numbers;
    const smallest = numbers[0];
    const last = numbers.pop();
    if (last !== undefined && numbers.length > 0) this.#sink(last);
    return smallest;
  }

  /** Finds the place of `number`, from the top down. */
  #sink(number: number): void {
    const numbers = this.#numbers;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftNumber = numbers[left] ?? Number.POSITIVE_INFINITY;
      const rightNumber = numbers[left + 1] ?? Number.POSITIVE_INFINITY;
      const smaller = Math.min(leftNumber, rightNumber);
      if (smaller >= number) break;
      numbers[index] = smaller;
      index = leftNumber === smaller ? left : left + 1;
    }
    numbers[index] = number;
  }
}
