"""A course as one zip file: written for whoever edits it, read back as a new draft (ADR 73).

``course.json`` says what the course is and names every other entry with its length and SHA-256. The file holds nobody:
no author, no record, no key of this site.
"""

FORMAT = "fingertip-course"
VERSION = 1
MANIFEST = "course.json"
FOLDERS = {"picture": "pictures", "document": "documents", "video": "videos"}
MOST_ENTRIES = 2000
MOST_LESSONS = 300
MOST_BLOCKS = 300
MOST_QUESTIONS = 2000
MANIFEST_BYTES = 8 * 2**20
CHUNK = 2**20
