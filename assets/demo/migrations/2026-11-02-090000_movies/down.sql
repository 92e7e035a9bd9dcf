drop table movies;
