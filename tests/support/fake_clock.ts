export { FakeClock, idle } from "../../engine/fake_clock.ts";
