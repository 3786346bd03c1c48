import * as z from "zod";

/** Where a Zypi server is. */
export const urlField = () => z.string().min(1).default("http://localhost:4000").describe("Address of the Zypi server");

/** What a microVM is booted from. */
export const imageField = () =>
  z.string().min(1).default("ubuntu:24.04").describe("Image, named exactly as the server lists it; nothing is pulled");
