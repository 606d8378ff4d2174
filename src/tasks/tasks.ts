import type { Config } from '../run/config.js';
import { oar } from './oar.js';
import type { Task, TaskName } from './task.js';
import { wscr } from './wscr.js';

export const TASKS: Readonly<Record<TaskName, Task>> = { oar, wscr };

/** B, the items which all sub-queries of a query retrieve together; undefined for open-ended tasks. */
export const budgetOf = (config: Pick<Config, 'task' | 'k' | 'budget'>, items: number): number | undefined =>
  TASKS[config.task].budget(config, items);
